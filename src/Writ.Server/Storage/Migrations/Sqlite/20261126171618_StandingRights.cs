using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    [DbContext(typeof(SqliteWritDb))]
    [Migration("20261126171618_StandingRights")]
    public partial class StandingRights : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "HostReport",
                table: "runners",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "StandingRights",
                table: "runners",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "StandingRightsAt",
                table: "runners",
                type: "INTEGER",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "HostReport",
                table: "runners");

            migrationBuilder.DropColumn(
                name: "StandingRights",
                table: "runners");

            migrationBuilder.DropColumn(
                name: "StandingRightsAt",
                table: "runners");
        }
    }
}
