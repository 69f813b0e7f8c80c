"""The page people see, in TypeScript (`src/`), and the service that hands it out."""
