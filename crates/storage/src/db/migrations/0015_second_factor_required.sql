-- Whether the administrators of a tenant need a second factor.

ALTER TABLE tenants ADD COLUMN admins_need_second_factor boolean NOT NULL DEFAULT false;
