package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DemoIT {

    @Test
    void the_samples_stand_in_silver_with_their_rejections_and_in_gold() throws IOException, SQLException {
        try (Qanat qanat = Qanat.fresh("demo")
                .with("QANAT_DEMO", "true")
                .with("QANAT_PIPELINES", "pipelines")
                .with("QANAT_TRANSFORM", "transform")
                .start()) {
            Map.of("branch_sales", "60/47/3/10", "web_events", "40/30/3/7", "price_list", "26/20/1/5").forEach((pipeline, expected) -> {
                JsonPath run = qanat.awaitRun(pipeline);
                assertThat(run.getString("status")).isEqualTo("succeeded");
                assertThat(run.getString("read") + "/" + run.getString("inserted") + "/" + run.getString("duplicate") + "/"
                                + run.getString("rejected"))
                        .as(pipeline)
                        .isEqualTo(expected);
            });
            assertThat(Feed.outcome(qanat.awaitRun("fx_rates"))).isEqualTo("40 read, 40 inserted");
            assertThat(Feed.outcome(qanat.awaitRun("retail"))).isEqualTo("11 read, 11 inserted");
            assertThat(qanat.value("SELECT count(*) FROM silver.orders__products c JOIN silver.orders o ON c._parent_id = o.id::text"))
                    .isEqualTo("8");
            assertThat(qanat.value("SELECT string_agg(phone || ' ' || last_name, ', ') FROM silver.users")).isEqualTo("*** ***, *** ***, *** ***");
            assertThat(qanat.value("SELECT count(*) FROM bronze.retail__users WHERE record::text ~ 'not-a-secret|kevin|0452|Hunters'"))
                    .isEqualTo("0");
            JsonPath models = qanat.run(qanat.awaitRun("retail").getLong("id"));
            assertThat(models.<String>getList("models.name"))
                    .containsExactlyInAnyOrder(
                            "order_lines", "sales_by_category", "sales_trends", "customer_activity", "product_performance");
            assertThat(models.<String>getList("models.status")).containsOnly("succeeded");
            assertThat(models.<String>getList("models.tests.flatten().status")).hasSizeGreaterThan(15).containsOnly("passed");
            assertThat(qanat.value("SELECT string_agg(concat_ws(' ', category, units, revenue, revenue_share), ', ' ORDER BY revenue_rank)"
                            + " FROM gold.sales_by_category"))
                    .isEqualTo("men's clothing 27 2206.64 0.6028, jewelery 2 1390.00 0.3797, electronics 1 64.00 0.0175");
            assertThat(qanat.value("SELECT string_agg(concat_ws(' ', period_start, orders, revenue), ', ' ORDER BY period_start)"
                            + " FROM gold.sales_trends WHERE grain = 'month'"))
                    .isEqualTo("2020-01-01 1 2578.70, 2020-02-01 0 0.00, 2020-03-01 2 1081.94");
            // Five requests a minute are allowed; it goes on after this.
            assertThat(qanat.runs("market_data")).singleElement().satisfies(
                    run -> assertThat(run.getString("status")).isIn("running", "succeeded"));
            assertThat(qanat.value("SELECT count(*) FROM silver.sales")).isEqualTo("47");
            // A key that repeats in a new table is found by its index first, and dealt with.
            assertThat(qanat.request().get("/routes").jsonPath().<Map<String, Object>>getList("items"))
                    .filteredOn(route -> List.of("land", "landing-attempt", "landing", "land-rows").contains(route.get("id")))
                    .hasSize(4)
                    .allSatisfy(route -> assertThat(route).containsEntry("failures", 0).containsEntry("last_error", null));
            assertThat(qanat.value("SELECT count(*) FROM silver.price_list WHERE name LIKE '%ü%'")).isNotEqualTo("0");
        }
    }
}
