package dev.qanat.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseUrlTest {

    @ParameterizedTest
    @ValueSource(strings = {"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2", "jdbc:postgresql"})
    void every_spelling_of_the_scheme_is_the_same_database(String scheme) {
        assertThat(DatabaseUrl.parse(scheme + "://ann:secret@db.example:6543/shop"))
                .isEqualTo(new DatabaseUrl("jdbc:postgresql://db.example:6543/shop", "ann", "secret"));
    }

    @Test
    void user_and_password_are_decoded_and_a_plus_stays() {
        assertThat(DatabaseUrl.parse("postgresql://a%40b:p%2Fw+1%25%C3%BC@h/d"))
                .isEqualTo(new DatabaseUrl("jdbc:postgresql://h/d", "a@b", "p/w+1%ü"));
    }

    @Test
    void an_at_sign_that_is_not_encoded_belongs_to_the_password() {
        assertThat(DatabaseUrl.parse("postgresql://u:p@ss@h/d").password()).isEqualTo("p@ss");
    }

    @Test
    void user_and_password_may_be_parameters() {
        assertThat(DatabaseUrl.parse("jdbc:postgresql://h/d?user=u&password=p%26&sslmode=require"))
                .isEqualTo(new DatabaseUrl("jdbc:postgresql://h/d?sslmode=require", "u", "p&"));
    }

    @Test
    void parameters_get_the_names_that_jdbc_has_for_them() {
        assertThat(DatabaseUrl.parse("postgresql+asyncpg://h/d?ssl=true&connect_timeout=3&application_name=a%20b").jdbcUrl())
                .isEqualTo("jdbc:postgresql://h/d?sslmode=require&connectTimeout=3&ApplicationName=a%20b");
    }

    @Test
    void the_authorities_of_the_system_are_those_of_java() {
        assertThat(DatabaseUrl.parse("postgresql://h/d?sslmode=verify-full&sslrootcert=system").jdbcUrl())
                .isEqualTo("jdbc:postgresql://h/d?sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory");
        assertThat(DatabaseUrl.parse("postgresql://h/d?sslmode=verify-full&sslrootcert=/etc/ca%20x.pem").jdbcUrl())
                .isEqualTo("jdbc:postgresql://h/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20x.pem");
    }

    @Test
    void several_hosts_and_numeric_ones_stay() {
        assertThat(DatabaseUrl.parse("postgresql://a:1,b:2/d").jdbcUrl()).isEqualTo("jdbc:postgresql://a:1,b:2/d");
        assertThat(DatabaseUrl.parse("postgresql://[::1]:5432/d").jdbcUrl()).isEqualTo("jdbc:postgresql://[::1]:5432/d");
    }

    @Test
    void without_a_host_it_is_this_machine() {
        assertThat(DatabaseUrl.parse("postgresql:///d").jdbcUrl()).isEqualTo("jdbc:postgresql://localhost/d");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql://u:secret@h/d", "secret", "postgresql:/u:secret@h"})
    void another_database_is_refused_without_showing_the_password(String url) {
        assertThatThrownBy(() -> DatabaseUrl.parse(url))
                .isInstanceOfSatisfying(
                        InputFailure.class, failure -> assertThat(failure.code()).isEqualTo(Code.INVALID_SETTING))
                .message()
                .contains("it looks like postgresql://user:password@host:5432/database")
                .doesNotContain("secret");
    }

    @Test
    void the_command_for_psql_has_no_password() {
        assertThat(Welcome.psql("jdbc:postgresql://127.0.0.1:54329/qanat", "qanat"))
                .isEqualTo("psql -h 127.0.0.1 -p 54329 -U qanat qanat");
        assertThat(Welcome.psql("jdbc:postgresql://db.example/d%20b?password=secret", "o'neill"))
                .isEqualTo("psql -h db.example -U 'o'\\''neill' 'd b'");
    }
}
