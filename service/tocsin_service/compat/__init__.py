"""Other moderation APIs' wire formats: each module turns a foreign request into ScoreRequests and Results into the foreign body."""
