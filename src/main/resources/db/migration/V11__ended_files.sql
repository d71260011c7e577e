-- Whether a run of a file has just ended is asked whenever one is seen to arrive.
CREATE INDEX run_ended_file ON run (pipeline, file, finished_at) WHERE file IS NOT NULL;
