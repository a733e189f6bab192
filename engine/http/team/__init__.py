"""Several engines behind one address, on one machine or more (Ray Serve, extra ``ray``)."""
