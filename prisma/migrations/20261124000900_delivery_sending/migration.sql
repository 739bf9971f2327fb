-- Of an account hardly ever more than one is under way, while a bulk update's answers may wait by the ten thousand.
CREATE INDEX "delivery_sending_idx" ON "delivery"("account_id") WHERE (state = 'SENDING');
