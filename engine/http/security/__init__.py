"""Who may ask: keys, Host and Origin, the headers of every answer, the addresses listened on."""
