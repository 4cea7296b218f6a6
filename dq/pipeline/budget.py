"""The month's budget of Airtable calls: what is spent, and the brake for a plan that would go over it."""

import os

from dq.plan import Brake, Price
from dq.settings import Settings
from dq.stores.airtable.ledger import spent, utc_now
from dq.stores.airtable.state import state_folder, state_name

API_CALLS = "max_api_calls"


def spent_calls(settings: Settings) -> int:
    """Calls that this machine made to the base this month; the embedded Airtable has no months."""
    if settings.airtable.sandbox is not None or settings.airtable.base is None:
        return 0
    name = state_name("calls", settings.airtable.endpoint_url, settings.airtable.base)
    return spent(state_folder(os.environ) / name, utc_now())


def over_budget(price: Price) -> list[Brake]:
    """The brake that holds if a plan would go over the month's budget."""
    if price.budget is None or price.spent + price.api_calls <= price.budget:
        return []
    message = (
        f"{price.api_calls:,} Airtable calls would go over the month's budget of {price.budget:,}: "
        f"{price.spent:,} are spent."
    )
    return [Brake(API_CALLS, "airtable", price.api_calls, max(0, price.budget - price.spent), price.budget, message)]
