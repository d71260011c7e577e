package dev.qanat.serve;

import dev.qanat.serve.Query.Counting;
import dev.qanat.serve.ServedColumn.Kind;
import dev.qanat.serve.Template.Statement;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.JSON;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.Select;
import org.jooq.SelectField;
import org.jooq.SelectQuery;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/**
 * Compiles a request for rows of a table: PostgREST's dialect to a statement. Identifiers are those of the catalogue, everything else of
 * the request is bound. For one request, one thread.
 */
final class QueryReader {

    private static final Set<String> WORDS = Set.of("select", "order", "limit", "offset", "after", "count", "group");
    /** Bytes of an identifier of PostgreSQL, which cuts longer ones. */
    private static final int LONGEST_NAME = 63;

    private static final Set<String> TREES = Set.of("and", "or", "not.and", "not.or");

    private final ServedTable table;
    private final Format format;
    private final QueryLimits limits;
    private final Table<?> from;
    private final FilterReader filters = new FilterReader(this::column);
    private final Map<String, String> words = new HashMap<>();
    private Condition where = DSL.noCondition();
    private long page;

    /**
     * What rows are taken from: the table, or its groups.
     *
     * @param given the columns that are given, by their names
     * @param sortable the columns that rows may be sorted by, by their names
     * @param unique what tells rows apart
     * @param told whether that tells all of them apart
     */
    private record Relation(
            Table<?> from,
            Condition where,
            Map<String, QueryColumn> given,
            Map<String, QueryColumn> sortable,
            List<QueryColumn> unique,
            boolean told) {}

    /**
     * Which part of the rows is asked for.
     *
     * @param page the rows of a page; empty where it is none
     */
    private record Extent(boolean sorted, Optional<Integer> page, boolean offset) {}

    private QueryReader(ServedTable table, Format format, QueryLimits limits) {
        this.table = table;
        this.format = format;
        this.limits = limits;
        this.from = DSL.table(DSL.name(table.schema(), table.name())).as("t");
    }

    /** Whether a parameter of this name means something else than a column. */
    static boolean isWord(String name) {
        return WORDS.contains(name) || TREES.contains(name);
    }

    /**
     * @param templates of requests before
     * @throws dev.qanat.failure.InputFailure saying what of the request is not right
     */
    static Query read(ServedTable table, DataRequest request, QueryLimits limits, Templates templates) {
        QueryReader reader = new QueryReader(table, request.format(), limits);
        request.expose().ifPresentOrElse(
                expose -> reader.take(ExposedPage.read(expose, request.parameters(), limits)),
                () -> request.parameters().forEach(parameter -> reader.take(parameter.getKey(), parameter.getValue())));
        return reader.query(templates);
    }

    private void take(String name, String value) {
        if (WORDS.contains(name)) {
            if (words.put(name, value) != null) {
                throw DialectText.problem(name, "may stand once");
            }
        } else {
            where = where.and(TREES.contains(name) ? filters.tree(name, value) : filters.column(name, value));
        }
    }

    private void take(ExposedPage asked) {
        words.putAll(asked.words());
        page = asked.page();
        asked.filters().forEach(filter -> where = where.and(filters.column(filter.parameter(), filter.column(), filter.text())));
    }

    private Query query(Templates templates) {
        Optional<Integer> limit = limit();
        long offset = page > 0 ? (page - 1) * limit.orElse(limits.defaultPage()) : offset();
        boolean paged = format == Format.JSON;
        boolean sorted = paged || limit.isPresent() || offset > 0 || words.containsKey("order") || words.containsKey("after");
        Extent extent = new Extent(sorted, paged ? limit : Optional.empty(), offset > 0);
        Template template = templates.of(table, shape(extent), () -> compiled(extent, List.of()));
        List<BoundValue> values = new ArrayList<>(filters.values());
        if (words.containsKey("after")) {
            List<@Nullable String> position = position(template);
            for (int i = 0; i < position.size(); i++) {
                values.add(new BoundValue("after", Objects.requireNonNullElse(position.get(i), ""), template.order().get(i)));
            }
            if (position.contains(null)) {
                template = compiled(extent, position);
            }
        }
        boolean ties = paged && !template.told();
        int most = paged ? limit.orElseThrow() : limit.orElse(limits.maxRows());
        List<Object> places = new ArrayList<>();
        values.forEach(value -> places.add(value.text()));
        places.add((long) most + (ties || !paged && limit.isPresent() ? 0 : 1));
        places.add(offset);
        return new Query(
                table,
                format,
                template,
                places,
                paged ? template.order().size() : 0,
                paged ? limit : Optional.empty(),
                ties,
                most,
                counting(),
                page,
                values);
    }

    /** All of the request that its statements depend on. */
    private List<String> shape(Extent extent) {
        List<String> shape = new ArrayList<>();
        shape.add(format + " " + extent + (words.containsKey("after") ? " after" : ""));
        for (String word : List.of("select", "group", "order")) {
            shape.add(words.containsKey(word) ? "=" + words.get(word) : "");
        }
        shape.addAll(filters.shapes());
        return shape;
    }

    /** @param position of a page that begins behind a row; of its values, null alone decides on the statement */
    private Template compiled(Extent extent, List<@Nullable String> position) {
        String all = words.containsKey("group") ? groupAlone() : SelectItem.ALL;
        List<SelectItem> items = SelectItem.read("select", words.getOrDefault("select", all));
        boolean grouped = words.containsKey("group") || items.stream().anyMatch(item -> item.aggregate().isPresent());
        Relation relation = grouped ? groups(items) : rows(items);
        boolean paged = format == Format.JSON;
        List<SortKey> order = extent.sorted() ? order(relation) : List.of();
        int place = filters.values().size();
        Condition behind = DSL.noCondition();
        if (words.containsKey("after")) {
            behind = behind(order, position, place);
            place += order.size();
        }
        Map<QueryColumn, String> needed = new LinkedHashMap<>();
        relation.given().values().forEach(column -> needed.putIfAbsent(column, "c" + needed.size()));
        if (paged) {
            order.forEach(key -> needed.putIfAbsent(key.column(), "c" + needed.size()));
        }
        SelectQuery<Record> rows = DSL.using(SQLDialect.POSTGRES).selectQuery();
        needed.forEach((column, name) -> rows.addSelect(column.field().as(name)));
        rows.addFrom(relation.from());
        rows.addConditions(relation.where(), behind);
        order.forEach(key -> rows.addOrderBy(key.sortField()));
        // A page's size decides on the plan, and there are few; the plan of a statement in which it is bound is never kept.
        boolean ties = paged && !relation.told();
        rows.addLimit(paged ? DSL.inline(extent.page().orElseThrow() + (ties ? 0L : 1L)) : DSL.val((long) place));
        rows.setWithTies(ties);
        if (extent.offset()) {
            rows.addOffset(DSL.val((long) place + 1));
        }
        Select<?> counted = DSL.selectOne().from(relation.from()).where(relation.where());
        return new Template(
                Statement.of(shown(rows.asTable("p"), relation.given(), needed, paged ? order : List.of())),
                Statement.of(counted),
                Statement.of(DSL.selectCount().from(counted.asTable("a"))),
                relation.given().entrySet().stream().map(given -> given.getValue().type().called(given.getKey())).toList(),
                table + " " + (grouped ? items + " " : "") + order,
                order.stream().map(key -> key.column().type()).toList(),
                relation.told());
    }

    /** What is given of each row of a page. PostgreSQL keeps their order: nothing is joined. */
    private Select<?> shown(Table<?> page, Map<String, QueryColumn> given, Map<QueryColumn, String> needed, List<SortKey> order) {
        List<SelectField<?>> shown = new ArrayList<>();
        List<Field<String>> row = new ArrayList<>();
        given.forEach((name, column) -> row.add(inPage(needed, column).as(name)));
        if (format == Format.CSV) {
            given.forEach((name, column) -> shown.add(csv(inPage(needed, column), column.type().kind())));
            return DSL.select(shown).from(page);
        }
        StringBuilder name = new StringBuilder("row");
        while (given.containsKey(name.toString())) {
            name.append('_');
        }
        shown.add(DSL.function("row_to_json", JSON.class, DSL.field(DSL.quotedName(name.toString()))).cast(SQLDataType.CLOB));
        order.forEach(key -> shown.add(inPage(needed, key.column()).cast(SQLDataType.CLOB)));
        return DSL.select(shown).from(page).crossJoin(DSL.lateral(DSL.select(row).asTable(name.toString())));
    }

    private static Field<String> inPage(Map<QueryColumn, String> needed, QueryColumn column) {
        return DSL.field(DSL.name("p", needed.getOrDefault(column, "")), column.type().castType());
    }

    /** The same text as in JSON, without its quotes. */
    private static Field<String> csv(Field<String> value, Kind kind) {
        return switch (kind) {
            case TEXT -> value;
            case TIMESTAMP -> DSL.function("btrim", String.class, json(value), DSL.inline("\""));
            case STRUCTURE -> json(value);
            default -> value.cast(SQLDataType.CLOB);
        };
    }

    private static Field<String> json(Field<String> value) {
        return DSL.function("to_json", JSON.class, value).cast(SQLDataType.CLOB);
    }

    private Relation rows(List<SelectItem> items) {
        Map<String, QueryColumn> given = new LinkedHashMap<>();
        for (SelectItem item : items) {
            String name = item.column().orElseThrow();
            if (name.equals(SelectItem.ALL)) {
                table.columns().forEach(column -> give(given, column.name(), column("select", column.name())));
            } else {
                give(given, item.name(), column("select", name));
            }
        }
        Map<String, QueryColumn> sortable = table.columns().stream()
                .filter(ServedColumn::comparable)
                .collect(Collectors.toMap(ServedColumn::name, this::of, (one, other) -> one, LinkedHashMap::new));
        boolean told = !table.key().isEmpty();
        List<QueryColumn> unique = told ? table.key().stream().map(name -> column("order", name)).toList() : List.copyOf(sortable.values());
        if (unique.isEmpty()) {
            unique = table.columns().stream().map(this::fingerprint).toList();
        }
        return new Relation(from, where, given, sortable, unique, told);
    }

    /** What tells values apart that have no order. */
    private QueryColumn fingerprint(ServedColumn column) {
        Field<String> md5 = DSL.function("md5", String.class, of(column).field().cast(SQLDataType.CLOB));
        return new QueryColumn(md5, new ServedColumn(column.name(), "text", "pg_catalog.text", Kind.TEXT, true, true));
    }

    private Relation groups(List<SelectItem> items) {
        List<String> by = words.containsKey("group") ? names("group", words.getOrDefault("group", "")) : List.of();
        SelectQuery<Record> groups = DSL.using(SQLDialect.POSTGRES).selectQuery();
        groups.addFrom(from);
        groups.addConditions(where);
        Map<String, QueryColumn> grouping = new LinkedHashMap<>();
        for (String name : by) {
            QueryColumn column = column("group", name);
            if (!column.type().comparable()) {
                throw DialectText.problem(
                        "group", "'" + name + "' is of type " + column.type().typeName() + ", whose values cannot be compared");
            }
            String inGroups = "g" + grouping.size();
            grouping.put(name, new QueryColumn(DSL.field(DSL.name("g", inGroups), column.type().castType()), column.type()));
            groups.addSelect(column.field().as(inGroups));
            groups.addGroupBy(column.field());
        }
        Map<String, QueryColumn> given = new LinkedHashMap<>();
        for (SelectItem item : items) {
            if (item.aggregate().isEmpty()) {
                String name = item.column().orElseThrow();
                QueryColumn column = grouping.get(name);
                if (column == null) {
                    throw DialectText.problem(
                            "select",
                            "'" + name + "' is no column of 'group', as all must be that stand beside count, sum, avg, min, max");
                }
                give(given, item.name(), column);
            } else {
                String inGroups = "v" + given.size();
                ServedColumn type = aggregate(groups, item, item.aggregate().orElseThrow(), inGroups);
                give(given, item.name(), new QueryColumn(DSL.field(DSL.name("g", inGroups), type.castType()), type));
            }
        }
        Map<String, QueryColumn> sortable = new LinkedHashMap<>(grouping);
        sortable.putAll(given);
        return new Relation(groups.asTable("g"), DSL.noCondition(), given, sortable, List.copyOf(grouping.values()), true);
    }

    private ServedColumn aggregate(SelectQuery<Record> groups, SelectItem item, Aggregate aggregate, String name) {
        if (item.column().isEmpty()) {
            groups.addSelect(DSL.count().as(name));
            return Aggregate.counted();
        }
        QueryColumn of = column("select", item.column().orElseThrow());
        if (!aggregate.takes(of.type())) {
            throw DialectText.problem(
                    "select",
                    "'" + aggregate.id() + "' is not for '" + of.type().name() + "', which is of type " + of.type().typeName());
        }
        groups.addSelect(aggregate.of(of.field()).as(name));
        return aggregate.type(of.type());
    }

    private String groupAlone() {
        return words.get("group") + ",count()";
    }

    private static void give(Map<String, QueryColumn> given, String name, QueryColumn column) {
        if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME || name.indexOf('\0') >= 0) {
            throw DialectText.problem("select", "'" + name + "' is no name of PostgreSQL's, which have " + LONGEST_NAME + " bytes at most");
        }
        if (given.put(name, column) != null) {
            throw DialectText.problem(
                    "select", "two columns would be called '" + name + "'; give one another name, as in 'other:" + name + "'");
        }
    }

    private List<SortKey> order(Relation relation) {
        List<SortKey> keys = new ArrayList<>();
        Set<QueryColumn> sorted = new HashSet<>();
        if (words.containsKey("order")) {
            DialectText text = new DialectText("order", words.getOrDefault("order", ""));
            do {
                SortKey key = sortKey(relation, text);
                if (sorted.add(key.column())) {
                    keys.add(key);
                }
            } while (text.take(","));
            text.expectEnd();
        }
        relation.unique().stream().filter(sorted::add).map(SortKey::ascending).forEach(keys::add);
        return keys;
    }

    private SortKey sortKey(Relation relation, DialectText text) {
        String name = text.name();
        QueryColumn column = relation.sortable().get(name);
        if (column == null) {
            throw text.problem(
                    table.column(name).isPresent()
                            ? "'" + name + "' has no order here"
                            : "there is no column '" + name + "' in " + table);
        }
        boolean descending = text.take(".desc");
        if (!descending) {
            text.take(".asc");
        }
        boolean first = text.take(".nullsfirst");
        boolean last = !first && text.take(".nullslast");
        return new SortKey(column, descending, first || descending && !last);
    }

    private List<@Nullable String> position(Template template) {
        if (words.containsKey("offset")) {
            throw DialectText.problem("offset", "counts rows, and 'after' names one; give one of them");
        }
        return PageCursor.read(template.orderText(), template.order().size(), words.getOrDefault("after", ""));
    }

    private static Condition behind(List<SortKey> order, List<@Nullable String> position, int place) {
        List<@Nullable Field<String>> bound = new ArrayList<>();
        for (int i = 0; i < order.size(); i++) {
            boolean none = !position.isEmpty() && position.get(i) == null;
            bound.add(none ? null : BoundValue.place(place + i, order.get(i).column().type()));
        }
        return SortKey.behind(order, bound);
    }

    private Optional<Integer> limit() {
        if (!words.containsKey("limit")) {
            return format == Format.JSON ? Optional.of(limits.defaultPage()) : Optional.empty();
        }
        int most = format == Format.JSON ? limits.largestPage() : limits.maxRows();
        int asked = number("limit", most);
        if (asked < 1) {
            throw DialectText.problem("limit", "must be at least 1");
        }
        return Optional.of(Math.min(asked, most));
    }

    private int offset() {
        int offset = words.containsKey("offset") ? number("offset", Integer.MAX_VALUE) : 0;
        if (offset > QueryLimits.LARGEST_OFFSET) {
            throw DialectText.problem(
                    "offset",
                    "at most " + QueryLimits.LARGEST_OFFSET + "; to go further give 'next' of each page as 'after' of the following one");
        }
        return offset;
    }

    /** A number, or the largest where it is larger. */
    private int number(String name, int largest) {
        String text = words.getOrDefault(name, "");
        if (!text.matches("\\d{1,100}")) {
            throw DialectText.problem(name, "'" + text + "' is not a number");
        }
        return text.length() > 9 ? largest : Integer.parseInt(text);
    }

    private Optional<Counting> counting() {
        if (!words.containsKey("count")) {
            return Optional.empty();
        }
        return Optional.of(switch (words.getOrDefault("count", "")) {
            case "exact" -> Counting.EXACT;
            case "estimated" -> Counting.ESTIMATED;
            default -> throw DialectText.problem("count", "'" + words.get("count") + "' is neither exact nor estimated");
        });
    }

    private static List<String> names(String parameter, String value) {
        DialectText text = new DialectText(parameter, value);
        List<String> names = new ArrayList<>();
        do {
            names.add(text.name());
        } while (text.take(","));
        text.expectEnd();
        return names;
    }

    private QueryColumn column(String parameter, String name) {
        return of(table.column(name)
                .orElseThrow(() -> DialectText.problem(parameter, "there is no column '" + name + "' in " + table)));
    }

    private QueryColumn of(ServedColumn column) {
        return new QueryColumn(DSL.field(DSL.name("t", column.name()), column.castType()), column);
    }
}
