"""What the tracker answers -> documents. Pure: values in, text out."""
