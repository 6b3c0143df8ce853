import ArgumentParser

HynousData.main()
