"""``python -m deploy``: the console command."""

from deploy.cli import main

main()
