HynousData.main()
