"""`python -m hub` is `clonvo`."""

from hub.cli import main

if __name__ == "__main__":
    main()
