"""The house of pages: layout, components, style sheet and headers of everything that a person sees.

It knows nothing of pathways, logs or hooks. A room that shows pages keeps its templates in a folder `templates/` of its
own, and asks for them by its name in front:

    pages = Pages({"monitor": "cds_service.monitor"}, prefix="/msk")
    sections = (Link("Overview", "/monitor"), Link("Red flags", "/monitor/red-flags"))
    frame = Frame("MSK imaging monitor", "/monitor", sections)
    return pages.respond("monitor/overview.html", frame, here="/monitor", rows=rows)

and `overview.html`, where the components of `templates/components.html` (described there, one by one) are at hand:

    {% extends "pages/base.html" %}
    {% import "pages/components.html" as ui %}
    {% block title %}Overview{% endblock %}
    {% block main %}
    <h1>Overview</h1>
    {{ ui.table("Orders by week", ["Week", "Orders"], rows, numeric=[1]) }}
    {% endblock %}

Every address in a template or a `Link` starts at the root of the service; `at("/monitor")` puts the public prefix
before it, and what this room draws does so by itself. No page runs script, and none may: `headers.py` says so to the
browser, which also refuses `style` attributes. An SVG therefore comes as an image: from an address, or as
`svg|image_data`. At hand in templates are also `day|day` (1 January 2027) and `count|number` (12,345).
"""
