"""Pictures of the record: what worked when, as SVG and as Mermaid. Pure: values in, text out."""
