"""Jobs: administrators' work that takes time; resumable, one step after another."""
