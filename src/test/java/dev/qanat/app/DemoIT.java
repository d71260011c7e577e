package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DemoIT {

    @Test
    void the_samples_stand_in_silver_with_their_rejections() throws IOException, SQLException {
        try (Qanat qanat = Qanat.fresh("demo").with("QANAT_DEMO", "true").with("QANAT_PIPELINES", "pipelines").start()) {
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
            // Five requests a minute are allowed; it goes on after this.
            assertThat(qanat.runs("market_data")).singleElement().satisfies(
                    run -> assertThat(run.getString("status")).isIn("running", "succeeded"));
            assertThat(qanat.value("SELECT count(*) FROM silver.sales")).isEqualTo("47");
            assertThat(qanat.value("SELECT count(*) FROM silver.price_list WHERE name LIKE '%ü%'")).isNotEqualTo("0");
        }
    }
}
