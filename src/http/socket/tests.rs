//! The conversation over a real local connection, with tungstenite as the client.
