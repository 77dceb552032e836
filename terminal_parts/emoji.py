"""Names of common emoji, as people write them between colons, `:+1:`, and the signs themselves. Pure."""

from __future__ import annotations

import re
from typing import Final

from chat_common import harmless_line, nearest

_TABLE: Final = """
+1 👍  thumbsup 👍  -1 👎  thumbsdown 👎  heart ❤  broken_heart 💔  smile 😄  grin 😁  joy 😂
rofl 🤣  wink 😉  blush 😊  heart_eyes 😍  thinking 🤔  neutral 😐  confused 😕  worried 😟  cry 😢
sob 😭  angry 😠  rage 😡  scream 😱  sweat 😅  sunglasses 😎  tongue 😛  kiss 😘  sleeping 😴
sick 🤢  shrug 🤷  facepalm 🤦  eyes 👀  wave 👋  clap 👏  pray 🙏  ok_hand 👌  muscle 💪
raised_hands 🙌  handshake 🤝  point_up ☝  victory ✌  fingers_crossed 🤞  tada 🎉  party 🥳  fire 🔥  rocket 🚀
star ⭐  sparkles ✨  zap ⚡  boom 💥  100 💯  check ✅  cross ❌  warning ⚠  question ❓
exclamation ❗  bulb 💡  bug 🐛  wrench 🔧  hammer 🔨  lock 🔒  key 🔑  bell 🔔  pin 📌
memo 📝  book 📖  mail 📧  phone 📞  computer 💻  clock ⏰  hourglass ⏳  calendar 📅  chart 📈
coffee ☕  tea 🍵  beer 🍺  wine 🍷  pizza 🍕  cake 🍰  apple 🍎  sun ☀  rain 🌧
snow ❄  rainbow 🌈  moon 🌙  earth 🌍  tree 🌳  flower 🌸  cat 🐱  dog 🐶  bird 🐦
fish 🐟  whale 🐳  snail 🐌  turtle 🐢  unicorn 🦄  robot 🤖  ghost 👻  skull 💀  poop 💩
car 🚗  train 🚆  plane ✈  ship 🚢  bike 🚲  house 🏠  gift 🎁  trophy 🏆  medal 🏅
ball ⚽  music 🎵  art 🎨  money 💰  gem 💎  anchor ⚓
"""
_WORDS: Final = _TABLE.split()
EMOJI: Final = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))


class UnknownEmoji(Exception):
    """There is no emoji of that name: one sentence."""


def emoji(written: str) -> str:
    """The sign that was meant: `:+1:`, `+1`, or the sign itself. Raises UnknownEmoji for another name, or for words."""
    name = written.strip(":").lower()
    if name in EMOJI:
        return EMOJI[name]
    if re.search("[A-Za-z]", name):
        near = nearest(name, EMOJI)
        hint = f"; did you mean :{near}:?" if near else "."
        raise UnknownEmoji(f"There is no emoji {harmless_line(written)} here{hint}")
    return written


def beginning(word: str) -> list[tuple[str, str]]:
    """Name in colons and sign of each that a word like `:sm` may become."""
    name = word[1:].lower()
    found = [(f":{known}:", sign) for known, sign in EMOJI.items() if known.startswith(name)]
    return found if word.startswith(":") and ":" not in name else []
