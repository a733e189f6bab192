"""Commands that change a document: each ends in one versioned edit."""
