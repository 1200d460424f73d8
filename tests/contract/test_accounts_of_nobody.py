"""What the LMS side has of people and groups that the directory no longer knows: found by place, in every store."""

import pytest

from schemas.ids import ResourceId, TenantId
from tenants.directory.port import AccountReader
from tenants.directory.writer import DirectoryWriter, Need
from tests.support.builders import Content, account, changes, cohort, group, tombstone, user

NONE = ResourceId("")
HERE = [user(number) for number in (1, 3, 5, 8)]
GONE = [user(number) for number in (2, 4, 6, 7, 9)]
GROUPS, GONE_GROUPS = [group(12), group(14)], [group(11), group(13), group(15)]
CONTENT = Content(
    inserted=[*HERE, *GROUPS],
    # Whoever has an account is not told by the accounts' own ids.
    accounts_inserted=[
        *(account(200 - number, one) for number, one in enumerate([*HERE[1:], *GONE])),
        account(300, None),
    ],
    cohorts_put=[cohort(one) for one in [*GROUPS, *GONE_GROUPS]],
    tombstones_put=[tombstone(GONE[0])],
)


@pytest.fixture
async def filled(writer: DirectoryWriter, acme: TenantId, globex: TenantId) -> TenantId:
    """A tenant with accounts of people here and gone; of the other one, nobody that has an account is gone."""
    await writer.commit(changes(await writer.load(acme, Need()), CONTENT))
    others = [account(number, one) for number, one in enumerate(HERE, 1)]
    content = Content(inserted=[*HERE, *GONE, *GROUPS, *GONE_GROUPS], accounts_inserted=others)
    await writer.commit(changes(await writer.load(globex, Need()), content))
    return acme


async def test_who_is_gone_though_there_is_an_account_is_found(
    accounts: AccountReader, filled: TenantId, globex: TenantId
) -> None:
    assert await accounts.of_nobody(filled, "User", after=NONE, limit=10) == [one.id for one in GONE]
    assert await accounts.of_nobody(globex, "User", after=NONE, limit=10) == []


async def test_a_group_that_is_gone_though_there_is_a_cohort_is_found(
    accounts: AccountReader, filled: TenantId, globex: TenantId
) -> None:
    assert await accounts.of_nobody(filled, "Group", after=NONE, limit=10) == [one.id for one in GONE_GROUPS]
    assert await accounts.of_nobody(globex, "Group", after=NONE, limit=10) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_pages_of_them_show_everybody_once(accounts: AccountReader, filled: TenantId, limit: int) -> None:
    found: list[ResourceId] = []
    while page := await accounts.of_nobody(filled, "User", after=found[-1] if found else NONE, limit=limit):
        assert len(page) <= limit
        found += page

    assert found == [one.id for one in GONE]


async def test_where_the_directory_is_empty_everybody_with_an_account_is_gone(
    accounts: AccountReader, writer: DirectoryWriter, acme: TenantId, globex: TenantId
) -> None:
    for tenant, content in ((acme, Content(accounts_inserted=CONTENT.accounts_inserted)), (globex, CONTENT)):
        await writer.commit(changes(await writer.load(tenant, Need()), content))

    everybody = sorted(one.id for one in [*HERE[1:], *GONE])
    assert await accounts.of_nobody(acme, "User", after=NONE, limit=100) == everybody
    assert await accounts.of_nobody(acme, "Group", after=NONE, limit=100) == []
