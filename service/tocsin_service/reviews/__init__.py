"""The review queue: items, claims, decisions, people, audit. It knows the database and the model's types, never HTTP."""
