using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RnnService.Storage.Migrations.Sqlite
{
    /// <summary>Nothing: it stands for the migration of the shared database, so that both have the same.</summary>
    public partial class SharedDatabase : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
        }
    }
}
