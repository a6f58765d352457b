"""The board: one page that shows what runs where, for people who would rather look."""

from dialform.board.gathering import gathered
from dialform.board.model import Board, Text, Tile
from dialform.board.page import page

__all__ = ["Board", "Text", "Tile", "gathered", "page"]
