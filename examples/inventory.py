"""A small shop inventory, with a few gaps."""

from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float
    quantity: int = 0

    def total(self) -> float:
        return self.price * ____


class Inventory:
    def __init__(self) -> None:
        self.items: dict[str, Item] = {}

    def add(self, item: Item) -> None:
        if item.name in self.items:
            raise ValueError(f"{item.name} is already there")
        self.items[item.name] = ____

    def remove(self, name: str) -> None:
        if name not in ____:
            raise KeyError(name)
        del self.items[name]

    def total(self) -> float:
        return sum(item.total() for ____ in self.items.values())
