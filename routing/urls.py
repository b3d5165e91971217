"""Addresses of this app."""

from django.urls import path

from routing.views import void

app_name = "routing"

urlpatterns = [
    path("reports/void/", void.void, name="void"),
]
