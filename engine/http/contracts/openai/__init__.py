"""OpenAI's contract, for editors that know no other: completions, chat, streams, fill-in-the-middle
prompts."""
