const { graphql } = require("relay-runtime");

graphql`
  query documentsCategoriesQuery {
    categories { title parent { title } }
  }
`;

graphql`
  query documentsCategoryQuery($id: Int!) {
    category(by: { databaseId: $id }) { title }
  }
`;
