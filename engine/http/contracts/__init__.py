"""What clients send and read: our own calls, llama.cpp's server, OpenAI's completions and chat."""
