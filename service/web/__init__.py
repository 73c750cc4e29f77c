"""Every face that speaks HTTP: hooks, the console, the clients' pages, the API. In: requests. Out: responses."""
