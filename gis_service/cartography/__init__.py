"""Maps from definitions: checked, drawn by Folium, free of outside addresses."""
