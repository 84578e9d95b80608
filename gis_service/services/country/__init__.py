"""Questions of a whole country, worked on county by county by the processes of a Dask cluster."""
