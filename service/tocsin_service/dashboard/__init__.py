"""The reviewer dashboard: pages over ``tocsin_service.reviews``. Needs ``tocsin[dashboard]``."""
