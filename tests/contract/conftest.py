"""What the client's tests share."""

import pytest

from tests.contract.client_sides import Side


@pytest.fixture(params=["sync", "async"])
def side(request: pytest.FixtureRequest) -> Side:
    return Side(request.param == "async", [])
