"""Accounts: names, passwords, roles, sign-ins and how many attempts there are."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import func, select

from tests.reviews.conftest import add_items
from tests.reviews.sign_ins import NOW, PASSWORD, add, attempt
from tocsin_service.reviews import accounts, attempts, audit, claims, passwords
from tocsin_service.reviews.accounts import AccountError
from tocsin_service.reviews.attempts import TooManyAttempts
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Role, SignIn, User

pytestmark = pytest.mark.usefixtures("quick")
SHIPPED = passwords._hasher


def who(database: Database, token: str, now: float = NOW) -> User | None:
    with database.read() as session:
        return accounts.person(session, now, token)


def actions(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(event["actor"], event["action"]) for event in audit.export(session)]


@pytest.mark.parametrize("name", ["ana", "  ANA ", "ａｎａ", "Ana\u200a"])
def test_a_name_is_the_same_however_it_is_written(database: Database, name: str) -> None:
    add(database, "Ana")
    assert attempt(database, name) is not None
    with pytest.raises(AccountError, match="name: is taken"):
        add(database, name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (" ", "takes 1 to 80"),
        ("x" * 81, "takes 1 to 80"),
        ("a\u202eb", "can be printed"),
        ("a\x00b", "can be printed"),
        ("API", "something else"),
        ("command  line", "something else"),
    ],
)
def test_a_name_that_cant_be_used_is_refused(database: Database, name: str, message: str) -> None:
    with pytest.raises(AccountError, match=message) as caught:
        add(database, name)
    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("password", "message"),
    [("x" * 11, "takes 12 to 1024"), ("x" * 1_025, "takes 12 to 1024"), ("ana lima ANA LIMA 12", "account's name"), ("", "takes 12")],
)
def test_a_password_that_cant_be_used_is_refused(database: Database, password: str, message: str) -> None:
    with pytest.raises(AccountError, match=message) as caught:
        add(database, "ana lima", password=password)
    assert caught.value.field == "password"


@pytest.mark.parametrize("password", ["x" * 12, "x" * 1_024, "ана\x00 \ud800 ана 🔔", "correct horse ana battery"])
def test_any_other_password_will_do(database: Database, password: str) -> None:
    add(database, password=password)
    assert attempt(database, password=password) is not None
    assert attempt(database, password=password + "x") is None


def test_a_password_is_the_same_however_a_keyboard_composes_it(database: Database) -> None:
    add(database, password="cafe\u0301 at the corner")
    assert attempt(database, password="caf\u00e9 at the corner") is not None


def test_only_an_argon2_hash_is_kept(database: Database) -> None:
    user = add(database)
    assert user.password is not None
    assert user.password.startswith("$argon2id$")
    assert PASSWORD not in user.password


def test_hashing_costs_what_the_library_thinks_right() -> None:
    assert not PasswordHasher().check_needs_rehash(SHIPPED.hash(PASSWORD))


def test_a_hash_of_older_parameters_is_made_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before = add(database).password
    newer = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", newer)
    assert attempt(database) is not None
    with database.read() as session:
        [after] = accounts.everybody(session)
    assert after.password != before
    assert after.password is not None
    assert not newer.check_needs_rehash(after.password)
    assert attempt(database) is not None


@pytest.mark.parametrize("name", ["ana", "nobody", "by-oidc", "off", "a\x00b", "x" * 300])
def test_every_wrong_attempt_takes_one_hash(database: Database, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its time does not tell whether there is such an account."""
    add(database, "ana")
    add(database, "by-oidc", password=None)
    off = add(database, "off")
    with database.write() as session:
        accounts.set_active(session, off.id, False)
    counted = Counted()
    monkeypatch.setattr(passwords, "_hasher", counted)
    assert attempt(database, name, "the wrong password") is None
    assert counted.count == 1


class Counted:
    """Stands for the hasher, and counts what takes time."""

    def __init__(self) -> None:
        self.count = 0

    def hash(self, _: bytes) -> str:
        self.count += 1
        return "$argon2id$"

    def verify(self, _: str, __: bytes) -> bool:
        self.count += 1
        raise VerificationError


@pytest.mark.parametrize(
    ("later", "active", "lasts"),
    [
        (accounts.IDLE - 1, False, True),
        (accounts.IDLE, False, False),
        (accounts.ABSOLUTE - 1, True, True),
        (accounts.ABSOLUTE, True, False),
    ],
)
def test_a_sign_in_lasts_so_long(database: Database, later: int, active: bool, lasts: bool) -> None:
    """Twelve hours unused, seven days at all."""
    add(database)
    token = attempt(database)
    assert token is not None
    if active:
        for hour in range(1, later // 3_600 + 1):
            with database.write() as session:
                accounts.seen(session, NOW + hour * 3_600, token)
    assert (who(database, token, NOW + later) is not None) is lasts


def test_that_somebody_is_here_is_written_once_a_minute(database: Database) -> None:
    add(database)
    token = attempt(database)
    assert token is not None
    with database.read() as session:
        assert [accounts.stale(session, NOW + seconds, token) for seconds in (0, 59, 60)] == [False, False, True]
    with database.write() as session:
        accounts.seen(session, NOW + 60, token)
    with database.read() as session:
        assert not accounts.stale(session, NOW + 60, token)


def test_only_a_hash_of_the_token_is_kept_and_every_token_is_another(database: Database) -> None:
    add(database)
    tokens = {attempt(database), attempt(database)}
    with database.read() as session:
        kept = set(session.scalars(select(SignIn.id)))
    assert len(tokens) == len(kept) == 2
    assert not tokens & kept
    assert who(database, "another token") is None


def test_signing_out_ends_one_sign_in(database: Database) -> None:
    add(database)
    first, second = attempt(database), attempt(database)
    assert first is not None and second is not None
    with database.write() as session:
        accounts.sign_out(session, first)
    assert who(database, first) is None
    assert who(database, second) is not None


def test_sign_ins_that_ended_are_deleted(database: Database) -> None:
    add(database)
    attempt(database)
    attempt(database, now=NOW + accounts.IDLE)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SignIn)) == 1


@pytest.mark.parametrize("change", ["password", "off", "demoted"])
def test_who_loses_power_is_signed_out(database: Database, change: str) -> None:
    add(database, "ada", Role.ADMIN)
    user = add(database, "lea", Role.LEAD)
    token = attempt(database, "lea")
    assert token is not None
    with database.write() as session:
        if change == "password":
            accounts.set_password(session, user.id, "another quiet lamp")
        elif change == "off":
            accounts.set_active(session, user.id, False)
            accounts.set_active(session, user.id, True)
        else:
            accounts.set_role(session, user.id, Role.REVIEWER)
    assert who(database, token) is None


def test_what_somebody_had_open_who_is_switched_off_is_free(database: Database) -> None:
    add(database, "ada", Role.ADMIN)
    user, other = add(database, "ben"), add(database, "ana")
    with database.write() as session:
        [item] = add_items(session)
        assert claims.claim(session, NOW, user, item.id)
        accounts.set_active(session, user.id, False)
        assert claims.claim(session, NOW + 1, other, item.id) is item


def test_who_gains_power_stays(database: Database) -> None:
    user = add(database)
    token = attempt(database)
    assert token is not None
    with database.write() as session:
        accounts.set_role(session, user.id, Role.LEAD)
    now = who(database, token)
    assert now is not None and now.role == Role.LEAD


def test_an_account_that_is_off_stays_out(database: Database) -> None:
    add(database, "ada", Role.ADMIN)
    user = add(database)
    with database.write() as session:
        accounts.set_active(session, user.id, False)
    assert attempt(database) is None


@pytest.mark.parametrize("change", ["off", "demoted"])
def test_the_last_admin_stays_one(database: Database, change: str) -> None:
    add(database, "lea", Role.LEAD)
    first, second = add(database, "ada", Role.ADMIN), add(database, "ari", Role.ADMIN)

    def lose(user: User) -> None:
        with database.write() as session:
            if change == "off":
                accounts.set_active(session, user.id, False)
            else:
                accounts.set_role(session, user.id, Role.LEAD)

    lose(second)
    with pytest.raises(AccountError, match="last active admin"):
        lose(first)


def test_two_admins_cant_demote_each_other_at_once(database: Database) -> None:
    users = [add(database, name, Role.ADMIN) for name in ("ada", "ari")]
    gate = threading.Barrier(2)

    def demote(user: User) -> bool:
        gate.wait()
        try:
            with database.write() as session:
                accounts.set_role(session, user.id, Role.LEAD)
        except AccountError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, users)) == [False, True]


def test_a_generated_password_has_to_be_changed(database: Database) -> None:
    password = accounts.generated()
    with database.write() as session:
        user = accounts.create(session, NOW, "ana", Role.REVIEWER, password, once=True)
    assert accounts.must_change(user)
    assert password not in str(user.password)
    assert attempt(database, password=password) is not None
    with database.write() as session:
        assert accounts.change_password(session, NOW, user.id, password, PASSWORD)
    with database.read() as session:
        assert not accounts.must_change(accounts.find(session, user.id))
    assert attempt(database, password=password) is None
    assert attempt(database) is not None


def test_it_has_to_be_changed_even_after_its_hash_is_made_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.write() as session:
        user = accounts.create(session, NOW, "ana", Role.REVIEWER, PASSWORD, once=True)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    attempt(database)
    with database.read() as session:
        assert accounts.must_change(accounts.find(session, user.id))


def test_changing_a_password_needs_the_old_one_and_counts_guesses(database: Database) -> None:
    user = add(database)
    for _ in range(attempts.PER_NAME):
        with database.write() as session:
            assert not accounts.change_password(session, NOW, user.id, "a wrong guess", "another quiet lamp")
    with pytest.raises(TooManyAttempts), database.write() as session:
        accounts.change_password(session, NOW, user.id, PASSWORD, "another quiet lamp")


def test_a_password_is_changed_to_another(database: Database) -> None:
    user = add(database)
    with pytest.raises(AccountError, match="is the old one"), database.write() as session:
        accounts.change_password(session, NOW, user.id, PASSWORD, PASSWORD)


def test_the_audit_log_has_sign_ins_and_no_name_that_is_no_accounts(database: Database) -> None:
    """Somebody may have typed a password where the name goes."""
    add(database)
    attempt(database)
    attempt(database, password="wrong")
    attempt(database, "a secret in the wrong field")
    assert actions(database) == [("ana", "signed in"), ("ana", "sign-in failed"), ("somebody", "sign-in failed")]


def test_who_comes_by_oidc_gets_an_account_once(database: Database) -> None:
    def come(subject: str, names: list[str], role: Role | None = Role.REVIEWER) -> User | None:
        with database.write() as session:
            token = accounts.sign_in_subject(session, NOW, subject, names, role)
        return None if token is None else who(database, token)

    add(database, "ana", Role.ADMIN)
    first = come("https://id.example 1", ["Ana", "ana@id.example"], Role.LEAD)
    assert first is not None
    assert (first.name, first.role) == ("ana@id.example", Role.LEAD)  # not the ana who has a password
    again = come("https://id.example 1", ["renamed"], None)
    assert again is not None and again.id == first.id
    second = come("https://id.example 2", ["ana"])
    assert second is not None and second.name == "ana 2"
    third = come("https://id.example 3", ["\x00", "api"])
    assert third is not None and third.name == "reviewer 2"
    with pytest.raises(AccountError, match="no role"):
        come("https://id.example 4", ["eve"], None)
    with pytest.raises(AccountError, match="subject"):
        come("x" * 301, ["eve"])
    with database.write() as session:
        accounts.set_active(session, first.id, False)
    assert come("https://id.example 1", ["ana"]) is None
