package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.security.SecureRandom;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The key under which personal values are hashed, one for all processes on a database. It is made when it is asked for first, and stays:
 * with another one the same person would get another hash. Safe for use by several threads.
 */
@ApplicationScoped
public class PersonalKey {

    private static final int BYTES = 32;

    private final JdbcClient db;
    private volatile byte @Nullable [] key;

    PersonalKey(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /** @return 32 bytes, the caller's own */
    public byte[] get() {
        byte[] known = key;
        if (known == null) {
            byte[] made = new byte[BYTES];
            new SecureRandom().nextBytes(made);
            db.sql("INSERT INTO qanat.personal_key (key) VALUES (:key) ON CONFLICT DO NOTHING").param("key", made).update();
            known = db.sql("SELECT key FROM qanat.personal_key").query(byte[].class).single();
            key = known;
        }
        return known.clone();
    }
}
