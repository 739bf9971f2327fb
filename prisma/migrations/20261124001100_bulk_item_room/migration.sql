-- An item's result is two to three times as long as the item: with less room than that, half the results went to other
-- pages, and each of those into the index as well.
ALTER TABLE "bulk_update_item" SET (fillfactor = 25);
