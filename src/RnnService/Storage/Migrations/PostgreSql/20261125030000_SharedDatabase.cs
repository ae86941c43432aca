using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RnnService.Storage.Migrations.PostgreSql
{
    /// <summary>What a database that several processes share has in addition: replicas hear of changes to the registry with the commit, whoever made them.</summary>
    public partial class SharedDatabase : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Weights do not compress; trying costs time at every write.
            migrationBuilder.Sql("""ALTER TABLE "BlobChunks" ALTER COLUMN "Data" SET STORAGE EXTERNAL;""");
            migrationBuilder.Sql("""
                CREATE FUNCTION notify_registry() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    NOTIFY rnnservice_registry;
                    RETURN NULL;
                END $$;
                """);
            foreach (var table in Tables)
                migrationBuilder.Sql($"""CREATE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION notify_registry();""");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            foreach (var table in Tables)
                migrationBuilder.Sql($"""DROP TRIGGER registry_changed ON "{table}";""");
            migrationBuilder.Sql("DROP FUNCTION notify_registry();");
            migrationBuilder.Sql("""ALTER TABLE "BlobChunks" ALTER COLUMN "Data" SET STORAGE EXTENDED;""");
        }

        private static readonly string[] Tables = ["ModelVersions", "ModelAliases"];
    }
}
