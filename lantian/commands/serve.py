"""`lantian serve`: dashboards and interface on one address."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def serve(
        host: str = typer.Option("127.0.0.1", help="Address to listen on."),
        port: int = typer.Option(8000, min=0, max=65535, help="Port; 0 takes a free one."),
        workers: int = typer.Option(1, min=1, help="Processes that answer."),
    ) -> None:
        """Serve dashboards at / and the API at /api/v1 (documented at /docs)."""
        import uvicorn

        from lantian.settings import load_settings
        from lantian.wiring import open_parts

        settings = load_settings()
        # A fault of the settings or of the store is told here, once, and not by each process.
        open_parts(settings).close()
        uvicorn.run(
            "lantian.app:app",
            host=host,
            port=port,
            workers=workers,
            log_level=settings.log_level.lower(),
            server_header=False,
            # One-time log-in links stand in addresses: they reach no log.
            access_log=False,
            timeout_graceful_shutdown=10,
        )
