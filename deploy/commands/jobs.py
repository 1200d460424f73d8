"""``rollcall job``: long work on a tenant's people, as far as it has come."""

import typer

from deploy.commands.following import followed, shown, table_of_jobs, tell
from deploy.commands.session import AS_JSON, Session, run, show
from tenants.jobs.job import Job

app = typer.Typer(help="List, show, watch, stop and resume jobs.", no_args_is_help=True)

_JOB = typer.Argument(..., help="The job's id.")
_LIMIT = typer.Option(20, min=1, max=1_000, help="Show so many at most.")


@app.command("list")
def list_jobs(tenant: str, limit: int = _LIMIT, as_json: bool = AS_JSON) -> None:
    """List a tenant's jobs, the newest first."""

    async def work(session: Session) -> list[Job]:
        return list(await session.jobs.jobs(tenant, limit=limit))

    jobs = run(work)
    show([shown(job) for job in jobs], as_json=as_json, table=lambda: table_of_jobs(jobs))


@app.command("show")
def show_job(tenant: str, job: str = _JOB, as_json: bool = AS_JSON) -> None:
    """Show how far a job has come, and what could not be done."""

    async def work(session: Session) -> list[Job]:
        return [await session.jobs.job(tenant, job)]

    tell(run(work), as_json=as_json, no_wait=True)


@app.command()
def watch(tenant: str, job: str = _JOB, as_json: bool = AS_JSON) -> None:
    """Follow a job until it runs no more; exit code 1 where anything was not done."""

    async def work(session: Session) -> list[Job]:
        return await followed(session, [await session.jobs.job(tenant, job)], no_wait=False)

    tell(run(work), as_json=as_json)


@app.command()
def stop(tenant: str, job: str = _JOB, as_json: bool = AS_JSON) -> None:
    """Stop a job for good; what it has done stands."""

    async def work(session: Session) -> list[Job]:
        return [await session.jobs.stop(tenant, job, actor=session.actor)]

    tell(run(work), as_json=as_json, no_wait=True)


@app.command()
def resume(tenant: str, job: str = _JOB, as_json: bool = AS_JSON) -> None:
    """Let a paused job go on where it was."""

    async def work(session: Session) -> list[Job]:
        return [await session.jobs.resume(tenant, job, actor=session.actor)]

    tell(run(work), as_json=as_json, no_wait=True)
