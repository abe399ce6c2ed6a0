"""`python -m api.cli`: the `khoso` program for a process that starts another of its own."""

from api.cli import main

if __name__ == "__main__":
    main()
