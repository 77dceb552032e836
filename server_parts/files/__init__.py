"""Files on their way to and from people: who may have them, how fast they travel, and what checks them."""
