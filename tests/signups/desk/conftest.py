import pytest

from clinic import roles
from tests.factories import users
from tests.signups.conftest import NOW


@pytest.fixture
def frozen(clinic, time_machine):
    """The clock stands at NOW."""
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def user(client, clinic):
    """A coordinator who is signed in."""
    user = users.UserFactory(role=roles.COORDINATOR, username="robin")
    client.force_login(user)
    return user
