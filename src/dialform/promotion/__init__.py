"""Where versions run: pins moved forward and back, and what may hold them."""

from dialform.promotion.moves import Move, Refusal, promotion, rollback, to_roll_back_to
from dialform.promotion.pins import Pin, moved

__all__ = ["Move", "Pin", "Refusal", "moved", "promotion", "rollback", "to_roll_back_to"]
