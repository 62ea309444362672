"""Any LangChain chat model as a policy: its class is built, asked once per call, and read."""
