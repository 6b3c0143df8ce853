import ArgumentParser

// Top-level code belongs to the main actor; everything else lives in SimCommand, which does not.
SimCommand.main()
