"""The door for browsers: HTTP heads and answers, the page's files, WebSocket frames, and who may open one. Pure."""
