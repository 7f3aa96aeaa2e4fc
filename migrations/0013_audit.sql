-- The audit log is looked through by action and by request as well; actor and target have their indexes (0010), and the
-- id sorts by time.
CREATE INDEX audit_log_by_action ON audit_log (action, id);
CREATE INDEX audit_log_by_correlation_id ON audit_log (correlation_id, id);
