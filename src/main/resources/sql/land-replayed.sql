-- The rejections that this run has checked again are done with; what it rejected once more is a rejection of its own.
UPDATE qanat.rejection
SET replayed_by = :#${exchangeProperty.load.run.id}
WHERE replayable AND replayed_by IS NULL
  AND run_id IN (SELECT id FROM qanat.run
                 WHERE landed_at IS NOT NULL
                   AND (id = :#${exchangeProperty.load.replayed} OR replays = :#${exchangeProperty.load.replayed}))
