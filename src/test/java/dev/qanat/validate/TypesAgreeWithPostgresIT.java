package dev.qanat.validate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.load.Staging;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.ColumnType.Kind;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the check lets through, PostgreSQL takes, and it makes of it what was meant. */
class TypesAgreeWithPostgresIT {
    private static EmbeddedPostgres postgres;
    private static Connection connection;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.builder().start();
        connection = postgres.getPostgresDatabase().getConnection();
        try (Statement statement = connection.createStatement()) {
            statement.execute("set time zone 'America/New_York'");
            statement.execute("set datestyle = 'ISO, DMY'");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        connection.close();
        postgres.close();
    }

    @Test
    void every_canonical_text_is_read_as_its_type() throws SQLException {
        SoftAssertions softly = new SoftAssertions();
        for (TypeCases.TypeCase c : TypeCases.all()) {
            if (c.value() == null) {
                continue;
            }
            softly.assertThatCode(() -> {
                        String read = read(c.column().type(), c.value());
                        if (isExact(c.column().type())) {
                            assertThat(read).isEqualTo(c.value());
                        }
                        if (c.column().type().kind() == Kind.DOUBLE) {
                            assertThat(Double.parseDouble(read)).isEqualTo(Double.parseDouble(c.value()));
                        }
                    })
                    .as(c.place())
                    .doesNotThrowAnyException();
        }
        softly.assertAll();
    }

    @Test
    void what_random_changes_make_of_the_cases_is_refused_or_taken() throws SQLException {
        Random random = new Random(42);
        for (TypeCases.TypeCase c : TypeCases.all()) {
            Contract contract = Contract.of(Resources.resource(c.column()));
            String[][] rows = Stream.generate(() -> new String[] {mutated(c.input(), random)})
                    .limit(200)
                    .toArray(String[][]::new);
            CheckedChunk checked = contract.check(Resources.csv(List.of("value"), rows));
            String[] values = checked.rows().stream()
                    .map(row -> row.values()[0])
                    .filter(Objects::nonNull)
                    .toArray(String[]::new);
            try (PreparedStatement select = connection.prepareStatement(
                    "select value from unnest(?) as value where not pg_input_is_valid(value, ?)")) {
                select.setArray(1, connection.createArrayOf("text", values));
                select.setString(2, c.column().type().sql());
                try (ResultSet refused = select.executeQuery()) {
                    assertThat(refused.next()).as(() -> c.place() + " " + shown(refused)).isFalse();
                }
            }
        }
    }

    /** Staging writes the binary form of every type; PostgreSQL must see the value that it reads of the canonical text. */
    @Test
    void what_is_staged_is_what_postgres_reads_of_the_text() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create schema if not exists " + Staging.SCHEMA);
        }
        Random random = new Random(43);
        Set<Kind> staged = EnumSet.noneOf(Kind.class);
        for (TypeCases.TypeCase c : TypeCases.all()) {
            String[][] rows = Stream.concat(Stream.of(c.input()), Stream.generate(() -> mutated(c.input(), random)).limit(100))
                    .map(input -> new String[] {input})
                    .toArray(String[][]::new);
            CheckedChunk checked = Contract.of(Resources.resource(c.column())).check(Resources.csv(List.of("value"), rows));
            String[] texts = checked.rows().stream().map(row -> row.values()[0]).toArray(String[]::new);
            if (texts.length == 0) {
                continue;
            }
            Staging staging = new Staging(postgres.getPostgresDatabase(), 1, false);
            staging.create();
            staging.copy(checked);
            String type = c.column().type().sql();
            try (PreparedStatement select = connection.prepareStatement(
                    "select s.\"value\"::text, cast(t.text as " + type + ")::text from " + Staging.SCHEMA + ".run_1_rows as s full join"
                            + " (select ordinality - 1 as _n, text from unnest(?) with ordinality as u (text)) as t using (_n)"
                            + " where s.\"value\"::text is distinct from cast(t.text as " + type + ")::text")) {
                select.setArray(1, connection.createArrayOf("text", texts));
                try (ResultSet other = select.executeQuery()) {
                    assertThat(other.next()).as(() -> c.place() + ": " + shown(other)).isFalse();
                }
            }
            staged.add(c.column().type().kind());
        }
        assertThat(staged).containsExactlyInAnyOrder(Kind.values());
    }

    private static String shown(ResultSet refused) {
        try {
            return refused.getString(1);
        } catch (SQLException e) {
            return e.getMessage();
        }
    }

    private static String mutated(String input, Random random) {
        String letters = "0123456789+-.eE:/TZ {}[]\",\\u\tntrue";
        StringBuilder text = new StringBuilder(input);
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            int at = random.nextInt(text.length() + 1);
            char c = letters.charAt(random.nextInt(letters.length()));
            switch (random.nextInt(4)) {
                case 0 -> text.insert(at, c);
                case 1 -> text.replace(at, Math.min(at + 1, text.length()), String.valueOf(c));
                case 2 -> text.replace(at, Math.min(at + 1, text.length()), "");
                default -> text.insert(at, text.substring(Math.max(0, at - 3), at));
            }
        }
        return text.toString();
    }

    @Test
    void the_longest_numbers_and_the_deepest_json_are_taken() throws SQLException {
        String thousand = "1".repeat(1000);
        assertThat(read("numeric", thousand + "." + thousand)).isEqualTo(thousand + "." + thousand);
        assertThat(read("double", "4.9e-324")).isNotEqualTo("0");
        read("jsonb", "[".repeat(1000) + "]".repeat(1000));
        read("json", "[".repeat(1000) + "]".repeat(1000));
        read("jsonb", "[" + thousand + "." + thousand + ", 1e-999]");
    }

    @Test
    void a_key_of_the_length_allowed_fits_an_index() throws SQLException {
        // Compression would hide it: random letters.
        String key = new Random(1)
                .ints(2500, 'A', 'z')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table keyed (a text, b text, primary key (a, b))");
        }
        try (PreparedStatement insert = connection.prepareStatement("insert into keyed values (?, ?)")) {
            insert.setString(1, key.substring(0, 1250));
            insert.setString(2, key.substring(1250));
            assertThat(insert.executeUpdate()).isEqualTo(1);
        }
    }

    @Test
    void names_given_to_columns_are_taken() throws SQLException {
        ColumnNames names = new ColumnNames(List.of());
        StringBuilder columns = new StringBuilder();
        for (String field : List.of("xmin", "ctid", "tableoid", "Größe €", "東京", "x".repeat(200), "x".repeat(201), "", "select")) {
            columns.append(columns.length() == 0 ? "" : ", ").append('"').append(names.next(field)).append("\" text");
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table named (" + columns + ")");
        }
    }

    private static String read(String type, String input) throws SQLException {
        CheckedChunk checked = Contract.of(Resources.resource(Resources.column("value", type)))
                .check(Resources.csv(List.of("value"), Resources.row(input)));
        return read(ColumnType.parse(type).orElseThrow(), checked.rows().get(0).values()[0]);
    }

    private static String read(ColumnType type, String value) throws SQLException {
        String utc = type.kind() == Kind.TIMESTAMPTZ ? " at time zone 'UTC'" : "";
        try (PreparedStatement select =
                connection.prepareStatement("select (cast(? as text)::" + type.sql() + utc + ")::text")) {
            select.setString(1, value);
            try (ResultSet result = select.executeQuery()) {
                result.next();
                return result.getString(1);
            }
        }
    }

    /** Whether PostgreSQL prints the type as the check writes it. */
    private static boolean isExact(ColumnType type) {
        return switch (type.kind()) {
            case TEXT, INTEGER, BIGINT, NUMERIC, BOOLEAN, TIME, UUID, JSON -> true;
            default -> false;
        };
    }

    @Test
    void moments_and_timestamps_are_what_they_say() throws SQLException {
        for (TypeCases.TypeCase c : TypeCases.all()) {
            Kind kind = c.column().type().kind();
            if (c.value() == null || kind != Kind.DATE && kind != Kind.TIMESTAMP && kind != Kind.TIMESTAMPTZ) {
                continue;
            }
            assertThat(read(c.column().type(), c.value()))
                    .as(c.place())
                    .isEqualTo(c.value().replace('T', ' ').replace("Z", ""));
        }
        assertThat(new BigDecimal(read("numeric", "1.50")).scale()).isEqualTo(2);
    }
}
